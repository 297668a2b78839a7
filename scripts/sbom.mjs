/**
 * `npm run sbom`: what an installed nettrace consists of, as CycloneDX 1.5 on standard output, by package-lock.json alone. npm's own
 * (`npm sbom --omit dev`) leaves out what a development dependency needs as well.
 */
import { readFileSync } from 'node:fs';

const root = new URL('..', import.meta.url);
const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8'));
const own = packages[''];

/** As Node finds it from a package's folder: in its own node_modules, or in one further up. */
function placeOf(name, from) {
  for (let folder = from; ; folder = folder.replace(/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
    const place = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`;
    if (packages[place]) return place;
    if (folder === '') return undefined;
  }
}

/** The places of what a package needs to run, optional ones among it where the lock has them. */
function needs(place) {
  const { dependencies = {}, optionalDependencies = {} } = packages[place];
  return Object.keys({ ...dependencies, ...optionalDependencies }).flatMap(
    (name) => placeOf(name, place) ?? [],
  );
}

const found = new Set();
const visit = (place) => {
  if (found.has(place)) return;
  found.add(place);
  for (const each of needs(place)) visit(each);
};
for (const place of needs('')) visit(place);

const nameOf = (place) => place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
const purlOf = (name, version) => `pkg:npm/${name.replace('@', '%40')}@${version}`;
const refOf = (place) =>
  place === '' ? purlOf(own.name, own.version) : purlOf(nameOf(place), packages[place].version);

function componentOf(place) {
  const { version, license, integrity, optional } = packages[place];
  const [algorithm = '', digest = ''] = (integrity ?? '').split('-');
  return {
    type: 'library',
    'bom-ref': refOf(place),
    name: nameOf(place),
    version,
    scope: optional ? 'optional' : 'required',
    ...(algorithm === 'sha512' && {
      hashes: [{ alg: 'SHA-512', content: Buffer.from(digest, 'base64').toString('hex') }],
    }),
    ...(license && { licenses: [{ license: { id: license } }] }),
    purl: refOf(place),
  };
}

const places = [...found].toSorted();
const bom = {
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  version: 1,
  metadata: {
    component: {
      ...{ type: 'application', 'bom-ref': refOf(''), name: own.name, version: own.version, purl: refOf('') },
      ...(own.license && { licenses: [{ license: { id: own.license } }] }),
    },
  },
  components: places.map(componentOf),
  dependencies: ['', ...places].map((place) => ({
    ref: refOf(place),
    dependsOn: needs(place).map(refOf).toSorted(),
  })),
};
process.stdout.write(`${JSON.stringify(bom, null, 2)}\n`);
