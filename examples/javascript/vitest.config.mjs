export default {
  test: { globals: true, globalSetup: "./dynamodb.mjs", include: ["*.test.mjs"] },
};
