import cors from '@fastify/cors';
import type { FastifyInstance } from 'fastify';

/** A browser asks again after this. */
const PREFLIGHT_HOLDS_SECONDS = 600;

/**
 * Lets pages of these origins send events from a browser, and read what became of them. Nothing rides on cookies, so who may
 * write is decided by the key alone; this is about which pages a browser lets try.
 *
 * @param origins none: no page may
 */
export function allowOrigins(server: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  void server.register(cors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['POST'],
    allowedHeaders: [
      'authorization',
      'content-type',
      'content-encoding',
      'idempotency-key',
      'traceparent',
      'tracestate',
    ],
    exposedHeaders: ['retry-after'],
    credentials: false,
    maxAge: PREFLIGHT_HOLDS_SECONDS,
    strictPreflight: true,
  });
}
