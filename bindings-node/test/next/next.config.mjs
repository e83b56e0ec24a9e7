export default { output: 'standalone', serverExternalPackages: ['wts-session'] };
