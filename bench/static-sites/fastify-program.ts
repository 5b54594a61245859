import fastifyStatic from '@fastify/static';
import fastify from 'fastify';

/** The peer: @fastify/static over one folder, with its defaults. The folder comes as an argument of its environment. */
const app = fastify();
await app.register(fastifyStatic, { root: process.env['STATIC_ROOT'] ?? '' });
const address = await app.listen({ port: 0, host: '127.0.0.1' });
process.send?.({ port: Number(new URL(address).port) });
