export { addressOf, type InputOf, type ReplyOf } from './address.ts';
export { ApiError, problemOf } from './api-error.ts';
export { connect, type Client, type Credentials } from './connect.ts';
export { type Patience } from './patience.ts';
