export { setup as default } from "./dynamodb.mjs";
