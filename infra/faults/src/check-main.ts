import { main } from './ledger/check.js';

process.exitCode = main(process.argv.slice(2), (line) => void process.stdout.write(`${line}\n`));
