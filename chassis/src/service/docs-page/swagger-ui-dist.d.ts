/** The folder of the package's files; it comes without types. */
declare module 'swagger-ui-dist/absolute-path.js' {
  const getAbsoluteFSPath: () => string;
  export = getAbsoluteFSPath;
}
