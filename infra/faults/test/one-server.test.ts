import { testFaults } from './faults.js';

testFaults((redis, tls) => redis === 'always' && !tls);
