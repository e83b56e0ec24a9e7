// The rules of n8n's scanner of community packages, but the two that no package with a dependency can keep.
import { buildScanConfig, SOURCE_FILE_PATTERNS } from '@n8n/scan-community-package/scanner/scanner.mjs';

export default [
  ...(await buildScanConfig()).map((config) => ({ ...config, files: config.files ?? SOURCE_FILE_PATTERNS })),
  {
    files: SOURCE_FILE_PATTERNS,
    rules: {
      '@n8n/community-nodes/no-runtime-dependencies': 'off',
      '@n8n/community-nodes/no-restricted-imports': 'off',
    },
  },
];
