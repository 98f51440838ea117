// SPDX-License-Identifier: MIT
// growth_server.js MODE - an HTTP server in node that prints its port first. MODE: plateau (a bounded map of buffers),
// leak (an array of buffers that only grows), hello (nothing is kept).
const http = require("http");
const kept = new Map(), MODE = process.argv[2], MOST = 3000;

function keep(key) {
  if (MODE === "hello") return;
  kept.set(key, Buffer.alloc(6000, key));
  if (MODE === "plateau" && kept.size > MOST) kept.delete(kept.keys().next().value);
}

const server = http.createServer((request, response) => {
  keep(request.url);
  response.setHeader("Content-Length", "5");
  response.end("hello");
});
server.keepAliveTimeout = 60000;
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.on("SIGTERM", () => process.exit(0));
