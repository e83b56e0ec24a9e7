// Gives the node the n8n-workflow that the environment names, in place of the oldest: for `node --require`.
const Module = require('node:module');

const wanted = process.env.N8N_WORKFLOW ?? 'n8n-workflow';
const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...others) {
  return resolve.call(this, request === 'n8n-workflow' ? wanted : request, ...others);
};
