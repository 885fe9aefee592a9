// A server of others: node server.js ws|socket.io PORT. It echoes, and needs the package of
// the same name, found by NODE_PATH or beside it.
const [kind, port] = [process.argv[2], Number(process.argv[3])];
if (kind === 'socket.io') {
  const { Server } = require('socket.io');
  const io = new Server({ transports: ['websocket'] });
  io.on('connection', (socket) => socket.on('message', (text) => socket.send(text)));
  io.listen(port);
} else {
  const { WebSocketServer } = require('ws');
  const server = new WebSocketServer({ host: '127.0.0.1', port });
  server.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on('error', () => {}); // a reset of the connection is not the server's end
  });
}
process.on('SIGTERM', () => process.exit(0));
