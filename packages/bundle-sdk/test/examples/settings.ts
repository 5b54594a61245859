import { defineBundle, httpHosts, z } from '@switchyard/bundle-sdk';

export default defineBundle({
  id: 'weather',
  name: 'Weather',
  props: z.object({ city: z.string().default('Berlin') }),
  secrets: ['api_key'],
  capabilities: ['kv', httpHosts('api.weather.example')],
  async executeCore(turn) {
    const url = new URL('https://api.weather.example/now');
    url.searchParams.set('city', turn.props.city);
    const answer = await turn.http.fetch(url, {
      headers: { authorization: `Bearer ${await turn.secrets.get('api_key')}` },
      signal: turn.signal,
    });
    await turn.kv.increment('asked');
    await turn.delta(await answer.text());
  },
});
