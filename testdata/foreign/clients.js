// Clients of others: node clients.js reconnecting-websocket|socket.io. Where they dial and
// how many they are is in WSHEAL_URL and WSHEAL_COUNT. Each says whose it is in the query,
// and has an instance of the package of its own, as pages do: what a package draws once is
// drawn once for each.
const kind = process.argv[2];
const at = new URL(process.env.WSHEAL_URL);
const count = Number(process.env.WSHEAL_COUNT);

// fresh loads a package anew, and all that it needs, but for the transport.
function fresh(name) {
  for (const file of Object.keys(require.cache)) {
    if (!/node_modules\/(ws|xmlhttprequest-ssl)\//.test(file)) delete require.cache[file];
  }
  return require(name);
}

function start(i) {
  if (kind === 'socket.io') {
    const { io } = fresh('socket.io-client');
    const socket = io(`http://${at.host}`, { transports: ['websocket'], query: { 'wsheal-client': i } });
    socket.on('connect', () => socket.send('hello'));
  } else {
    const ReconnectingWebSocket = fresh('reconnecting-websocket');
    const url = new URL(at);
    url.searchParams.set('wsheal-client', i);
    const socket = new ReconnectingWebSocket(url.href, [], { WebSocket: require('ws') });
    socket.addEventListener('open', () => socket.send('hello'));
    socket.addEventListener('error', () => {});
  }
}

// One after the other, and what has been started goes on in between: loading a thousand
// instances takes longer than a dial may.
(function next(i) {
  if (i === count) return;
  start(i);
  setTimeout(next, 1, i + 1);
})(0);
