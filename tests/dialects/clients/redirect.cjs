// Loaded before a client program: requests for Blitline go to BLITLINE_PORT on this machine, in plain HTTP. Nothing
// else about them changes. `http.createClient`, which an old client uses, is gone from Node and comes back here.
const http = require('http');
const https = require('https');

const port = Number(process.env.BLITLINE_PORT);
const plain = http.request;

https.request = (options, answered) => {
  const { agent, ...rest } = options;
  return plain({ ...rest, host: '127.0.0.1', port }, answered);
};

http.createClient = () => ({
  request: (method, path, headers) => plain({ host: '127.0.0.1', port, method, path, headers }),
});
