import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditOutcome, billOfMaterials } from './supply-chain.mjs';

const answer = (vulnerabilities, advisories = {}) =>
  JSON.stringify({ advisories, metadata: { vulnerabilities } });

test('an audit without severe vulnerabilities is clean', () => {
  assert.equal(auditOutcome(answer({ low: 3, moderate: 1, high: 0, critical: 0 })).outcome, 'clean');
});

test('a severe vulnerability is named', () => {
  const advisories = { 1: { severity: 'high', module_name: 'left-pad', title: 'pads to the right' } };
  const { outcome, why } = auditOutcome(answer({ high: 1, critical: 0 }, advisories));
  assert.equal(outcome, 'vulnerable');
  assert.match(why, /1 high\nleft-pad: pads to the right/);
});

test('a registry that does not audit is not taken for a clean one', () => {
  assert.equal(auditOutcome('{"error":{"code":"ERR_PNPM_AUDIT_BAD_RESPONSE"}}').outcome, 'unknown');
  assert.equal(auditOutcome('').outcome, 'unknown');
});

test('the bill of materials has what runs, with licence and hash, and nothing that only builds', async () => {
  const { components } = await billOfMaterials();
  const byName = new Map(components.map((component) => [component.name, component]));
  for (const name of ['bullmq', 'ioredis', 'undici', 'zod', 'fastify', 'pino']) {
    assert.match(byName.get(name)?.hashes?.[0]?.content ?? '', /^[0-9a-f]{128}$/, name);
    assert.notEqual(byName.get(name)?.licenses[0].license.name, 'Unknown', name);
  }
  for (const name of ['vitest', 'typescript', 'turbo']) assert.equal(byName.has(name), false, name);
});
