// What the machine's environment says about keys, addresses and proxies must not reach the tests.
const OURS = ['WTS_API_KEY', 'WTS_BASE_URL', 'WTS_SHARED_LIMITS', 'WTS_SESSION_BUILD', 'NODE_OPTIONS', 'NODE_DEBUG'];
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'];

for (const name of [...OURS, ...PROXIES, ...PROXIES.map((proxy) => proxy.toLowerCase())]) {
  delete process.env[name];
}
