import { expect, test } from 'vitest';
import { signWebhook } from './sign-webhook.ts';

/** The example of the Standard Webhooks specification, whose signature others have computed. */
const KEY = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const MESSAGE = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampSec: 1_614_265_330,
  body: '{"test": 2432232314}',
};

test('a message is signed as the specification has it', () => {
  expect(signWebhook(KEY, MESSAGE)).toEqual([
    ['webhook-id', 'msg_p5jXN8AQM9LWM0D4loKWxJek'],
    ['webhook-timestamp', '1614265330'],
    ['webhook-signature', 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='],
  ]);
  expect(signWebhook(KEY, { ...MESSAGE, body: Buffer.from(MESSAGE.body) })).toEqual(
    signWebhook(KEY, MESSAGE),
  );
});

test('without a key it is told apart and not signed', () => {
  expect(signWebhook(undefined, MESSAGE).map(([name]) => name)).toEqual(['webhook-id', 'webhook-timestamp']);
});
