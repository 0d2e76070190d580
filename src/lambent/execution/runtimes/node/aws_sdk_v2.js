'use strict';
/*
 * Directs the AWS SDK for JavaScript v2 to AWS_ENDPOINT_URL, which it does not know: loaded by the bootstrap of Node
 * functions and, into any Node program, by `lambent exec` (NODE_OPTIONS=--require). Every copy of the SDK that a program loads has one `lib/core.js`, whatever
 * entry it is loaded by; its configuration is replaced while the rest loads, so we look again after each module.
 */
const Module = require('module');

const CORE = /[\\/]aws-sdk[\\/]lib[\\/]core\.js$/;
const load = Module._load;
const cores = new Set();
const configured = new WeakSet();

Module._load = function loadAndConfigure(request, parent, isMain) {
  const loaded = load.call(this, request, parent, isMain);
  if (typeof request === 'string' && request.endsWith('core')) findCores();
  for (const core of cores) if (core.loaded) configure(core.exports);
  return loaded;
};

function findCores() {
  for (const [file, module] of Object.entries(require.cache)) if (CORE.test(file)) cores.add(module);
}

function configure({ config, VERSION }) {
  const endpoint = process.env.AWS_ENDPOINT_URL;
  const isSdk2 = typeof VERSION === 'string' && VERSION.startsWith('2.');
  if (!endpoint || !isSdk2 || !config || configured.has(config)) return;
  configured.add(config);
  config.update({ endpoint, s3ForcePathStyle: true });
}
