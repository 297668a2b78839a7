// CommonJS loads ES modules by dynamic import.
async function main() {
  const { openBundle, simulate } = await import('nettrace');
  const { snapshot } = await openBundle('incident');
  const { outcome } = await simulate(snapshot, 'tcp 192.168.30.20 > 8.8.8.8:443');
  console.log(outcome);
}

main();
