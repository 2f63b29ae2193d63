export { teardown as default } from "./dynamodb.mjs";
