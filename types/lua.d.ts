/** Scripts for Redis are imported as text: by esbuild's text loader in the build, by a small transform in tests. */
declare module '*.lua' {
  const source: string;
  export default source;
}
