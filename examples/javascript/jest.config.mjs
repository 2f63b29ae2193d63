export default {
  globalSetup: "./jest-setup.mjs",
  globalTeardown: "./jest-teardown.mjs",
  testMatch: ["**/*.test.mjs"],
  transform: {},
};
