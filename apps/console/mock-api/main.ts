import { startMockApi } from './server.ts';

const { url } = await startMockApi(Number(process.argv[2] ?? 0));
console.log(`The console over fixtures: ${url} (any login; password "fail" fails, login "empty" has no assets)`);
