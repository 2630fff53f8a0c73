import { ExtractorError } from '../errors.ts';
import type { Extraction } from '../extraction.ts';
import { childrenOf, childText, decodeXml, type XmlElement } from '../xml.ts';
import { extractComponents } from './cyclonedx.ts';

/** A CycloneDX BOM in XML (1.0 to 1.7): the same facts as in JSON, read by the same rules. */
export function extractCycloneDxXml(content: Uint8Array): Extraction {
  const bom = decodeXml(content);
  if (bom.name !== 'bom') throw new ExtractorError('NOT_THIS_FORMAT', 'the file is no CycloneDX document');
  const [metadata] = childrenOf(bom, 'metadata');
  const [subject] = childrenOf(metadata, 'component');
  return extractComponents(componentsOf(bom), subject ? componentsOf(subject) : []);
}

function componentsOf(element: XmlElement): object[] {
  return childrenOf(element, 'components').flatMap((list) =>
    childrenOf(list, 'component').map((component) => ({
      type: component.attributes.get('type') ?? '',
      name: childText(component, 'name'),
      version: childText(component, 'version'),
      purl: childText(component, 'purl'),
      properties: childrenOf(component, 'properties').flatMap((properties) =>
        childrenOf(properties, 'property').map(({ attributes, text }) => ({ name: attributes.get('name') ?? '', value: text })),
      ),
      components: componentsOf(component),
    })),
  );
}
