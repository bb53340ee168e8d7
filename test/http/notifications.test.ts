import { describe, expect, it, test } from 'vitest';
import { Listener } from '../../src/http/listener.js';
import { Notifications, type Notification } from '../../src/http/notifications.js';
import { CONNECTIONS, LOCAL, makeHarness, NOW_MS } from './harness.js';

const DATE = new Date(NOW_MS).toISOString();
const FAILED = { text: 'Configuration reload has failed.', date: DATE, active: true };

it('lists what is active, and what is over no more', async () => {
  const { inject, notifications } = await makeHarness();
  notifications.set('reloadFailed', true);
  const get = async () => (await inject({ method: 'GET', url: '/api/v1/notifications' })).json<unknown>();
  expect(await get()).toEqual({ status: 'success', data: [FAILED] });
  notifications.set('reloadFailed', false);
  expect(await get()).toEqual({ status: 'success', data: [] });
});

it('tells listeners what is active and every change once', () => {
  const notifications = new Notifications(() => NOW_MS, 2);
  const heard: (Notification | 'end')[] = [];
  notifications.set('reloadFailed', true);
  const listener = { notify: (one: Notification) => void heard.push(one), end: () => void heard.push('end') };
  expect(notifications.subscribe(listener)).toBe(true);
  notifications.set('reloadFailed', true);
  notifications.set('reloadFailed', false);
  notifications.close();
  expect(heard).toEqual([FAILED, { ...FAILED, active: false }, 'end']);
  expect(notifications.subscribe(listener)).toBe(false);
});

describe('live', () => {
  test('events arrive over a socket; one connection too many is 204; a stop ends them', async () => {
    const { app, notifications } = await makeHarness();
    const listener = await Listener.open(app.routing, [LOCAL], CONNECTIONS);
    const url = `http://${listener.addresses[0]}/api/v1/notifications/live`;
    try {
      notifications.set('reloadFailed', true);
      const first = await fetch(url, { headers: { origin: 'http://x' } });
      expect([first.status, first.headers.get('content-type'), first.headers.get('cache-control'), first.headers.get('vary')])
        .toEqual([200, 'text/event-stream', 'no-cache', 'Origin']);
      const second = await fetch(url);
      expect((await fetch(url)).status).toBe(204);
      notifications.set('stopping', true);
      notifications.close();
      const stopping = { text: 'Prometheus is shutting down and gracefully stopping all operations.', date: DATE, active: true };
      const events = `data: ${JSON.stringify(FAILED)}\n\ndata: ${JSON.stringify(stopping)}\n\n`;
      expect(await Promise.all([first.text(), second.text()])).toEqual([events, events]);
    } finally {
      notifications.close();
      await listener.close();
    }
  });
});
