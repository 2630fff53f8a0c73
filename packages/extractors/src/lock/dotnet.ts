import { decodeJson, entriesOf, fieldOf, isRecord, textOf } from '../decode.ts';
import { ExtractorError } from '../errors.ts';
import { type Extraction, Findings } from '../extraction.ts';
import { childrenOf, decodeXml } from '../xml.ts';

/** APP.deps.json, which lies beside a .NET program (dotnet documentation, "runtime-configuration-file"): `libraries` of type package. */
export function extractDotnetDeps(content: Uint8Array): Extraction {
  const document = decodeJson(content);
  const libraries = fieldOf(document, 'libraries');
  if (!isRecord(libraries) && !isRecord(fieldOf(document, 'targets'))) {
    throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no deps.json');
  }
  const found = new Findings();
  for (const [key, library] of entriesOf(libraries)) {
    const slash = key.lastIndexOf('/');
    const isPackage = textOf(library, 'type').toLowerCase() === 'package';
    if (isPackage) found.add({ type: 'nuget', name: key.slice(0, Math.max(slash, 0)), version: key.slice(slash + 1) });
  }
  return found.finish();
}

/** packages.config: `<package id version>`. */
export function extractPackagesConfig(content: Uint8Array): Extraction {
  const root = decodeXml(content);
  if (root.name !== 'packages') throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no packages.config');
  const found = new Findings();
  for (const { attributes } of childrenOf(root, 'package')) {
    found.add({ type: 'nuget', name: attributes.get('id') ?? '', version: attributes.get('version') ?? '' });
  }
  return found.finish();
}

/** Directory.Packages.props (central package management): versions written out; one that is a variable or a range is a problem. */
export function extractPackagesProps(content: Uint8Array): Extraction {
  const root = decodeXml(content);
  if (root.name !== 'Project') throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no MSBuild project');
  const found = new Findings();
  for (const group of childrenOf(root, 'ItemGroup')) {
    for (const { name: element, attributes } of group.children) {
      if (element !== 'PackageVersion' && element !== 'PackageReference') continue;
      const name = attributes.get('Include') ?? attributes.get('Update') ?? '';
      const version = (attributes.get('Version') ?? '').replace(/^\[([^,[\]]+)\]$/, '$1');
      if (name === '' || name.includes('$(') || !/^\d[\w.+-]*$/.test(version)) {
        found.problem(0, `${name.slice(0, 100) || 'an entry'} has no version of its own`);
      } else found.add({ type: 'nuget', name, version });
    }
  }
  return found.finish();
}
