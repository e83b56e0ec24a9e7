// Goes through the shared suite, and prints everything that can be printed of clients, results and errors.
// The stand-in's addresses are in ADDRESSES, the key to use in KEY.
import { formatWithOptions, inspect } from 'node:util';
import { callOf, casesByFile, clientOf } from './suite.mjs';

const addresses = JSON.parse(process.env.ADDRESSES);
const cases = [...casesByFile().values()].flat();

function show(value) {
  console.log(inspect(value, { depth: Infinity, showHidden: true, getters: true }));
  console.log(formatWithOptions({ depth: Infinity }, '%o %j', value, value), String(value), JSON.stringify(value));
  console.log(value?.stack, value?.message, value?.body, inspect(Object.getOwnPropertyDescriptors(Object(value))));
}

async function showOne(given) {
  const client = clientOf(given, addresses, process.env.KEY);
  show(client);
  show(await callOf(given, client));
}

async function worker() {
  for (let given = cases.pop(); given !== undefined; given = cases.pop()) {
    await showOne(given).catch(show);
  }
}

await Promise.all(Array.from({ length: 8 }, worker));
console.log(`shown: ${casesByFile().size} files`);
