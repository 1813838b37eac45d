import { main } from './command.js';

process.exit(await main(process.argv.slice(2), (text) => void process.stdout.write(text)));
