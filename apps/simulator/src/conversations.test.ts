import { expect, it } from 'vitest';
import { Conversations } from './conversations.js';

const event = (id: string, thread_id?: string) => ({
  id,
  to: { phone: '+16501234567' },
  from: { phone: '+15105559999' },
  body: 'Call started',
  thread_id,
});

it('forgets a conversation with its last event, and begins another for the same thread and customer', () => {
  const conversations = new Conversations(10);
  const first = conversations.place(event('a', 't'), 0).id;
  expect(conversations.place(event('b'), 0).id).toBe(first);

  conversations.forget({ id: 'a', conversation: first });
  expect(conversations.place(event('c', 't'), 0).id).toBe(first);
  conversations.forget({ id: 'b', conversation: first });
  conversations.forget({ id: 'c', conversation: first });
  expect(conversations.list()).toEqual([]);

  expect(conversations.place(event('d'), 0).id).toBe('conversation-2');
  expect(conversations.place(event('e', 't'), 0).id).toBe('conversation-3');
  expect(conversations.begun).toBe(3);
});
