// What an image without a shell asks itself: is this service ready? Ends with 0 or 1.
const tls = Boolean(process.env.TILLSTREAM_TLS_CERT_FILE);
const options = {
  host: '127.0.0.1',
  port: Number(process.argv[2] ?? process.env.HTTP_PORT),
  path: '/readyz',
  timeout: 3_000,
  // It speaks to itself: the name in the certificate is the one others use.
  rejectUnauthorized: false,
};
const { get } = await import(tls ? 'node:https' : 'node:http');
/** @param {import('node:http').IncomingMessage} answer */
const judge = ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1);
get(options, judge)
  .on('timeout', () => process.exit(1))
  .on('error', () => process.exit(1));
