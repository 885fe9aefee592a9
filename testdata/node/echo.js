// An echo server on npm's ws, which is not ours: node echo.js PORT
// It needs node and, found by NODE_PATH or beside it, the package ws.
const { WebSocketServer } = require('ws');
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.argv[2]) });
server.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on('error', () => {}); // a reset of the connection is not the server's end
});
process.on('SIGTERM', () => process.exit(0));
