'use strict';
/*
 * Finds the handler: `file.name`, `dir/file.name`, `file.object.name`, from CommonJS and from ES modules, in the order
 * in which AWS's runtimes look.
 */
const fs = require('fs');
const path = require('path');
const { pathToFileURL } = require('url');
const errors = require('./errors');

/** Resolves to the handler function; rejects with what AWS calls the reason of a failed INIT. */
async function load(taskRoot, name) {
  const { directory, file, members } = parse(name);
  const loaded = await loadModule(taskRoot, directory, file);
  const handler = members.reduce((value, member) => (
    value === undefined || value === null ? undefined : value[member]
  ), loaded);
  if (handler === undefined || handler === null) {
    throw new errors.HandlerNotFound(`${name} is undefined or not exported`);
  }
  if (typeof handler !== 'function') throw new errors.HandlerNotFound(`${name} is not a function`);
  return handler;
}

function parse(name) {
  if (name.includes('..')) {
    throw new errors.MalformedHandlerName(
      `'${name}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const base = path.basename(name);
  const match = /^([^.]*)\.(.+)$/.exec(base);
  if (!match) throw new errors.MalformedHandlerName('Bad handler');
  const directory = name.slice(0, name.length - base.length);
  return { directory, file: match[1], members: match[2].split('.') };
}

async function loadModule(taskRoot, directory, file) {
  try {
    const found = find(path.resolve(taskRoot, directory, file));
    if (!found) {
      const paths = [taskRoot, path.resolve(taskRoot, directory)];
      return require(require.resolve(file, { paths }));
    }
    // Not awaited where it need not be: a CommonJS handler is there at once.
    return found.isModule ? await import(pathToFileURL(found.path).href) : require(found.path);
  } catch (error) {
    if (error instanceof SyntaxError) throw new errors.UserCodeSyntaxError(error);
    if (error && error.code === 'MODULE_NOT_FOUND') throw new errors.ImportModuleError(error);
    throw error;
  }
}

function find(stem) {
  const candidates = [
    [stem, () => false],
    [`${stem}.js`, isInModulePackage],
    [`${stem}.mjs`, () => true],
    [`${stem}.cjs`, () => false],
  ];
  for (const [candidate, isModule] of candidates) {
    if (isFile(candidate)) return { path: candidate, isModule: isModule(candidate) };
  }
  return null;
}

function isFile(candidate) {
  try {
    // Without an error where nothing is: making one takes longer than the look. Node 12 does not know of it.
    const found = fs.statSync(candidate, { throwIfNoEntry: false });
    return found !== undefined && found.isFile();
  } catch (missing) {
    return false;
  }
}

/** What `"type"` of the nearest package.json says about a .js file. */
function isInModulePackage(file) {
  for (let directory = path.dirname(file); ; directory = path.dirname(directory)) {
    const description = path.join(directory, 'package.json');
    if (isFile(description)) {
      try {
        return JSON.parse(fs.readFileSync(description, 'utf8')).type === 'module';
      } catch (malformed) {
        return false; // Node itself says what is wrong with it when it loads the file.
      }
    }
    if (directory === path.dirname(directory) || path.basename(directory) === 'node_modules') return false;
  }
}

module.exports = { load };
