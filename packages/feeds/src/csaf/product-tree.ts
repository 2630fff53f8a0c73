import { moduleStream, parseNevra, parseRpmPurl, isRpmName, type RpmPackage } from '../shared/rpm-package.ts';
import { Branch, FullProductName, type ProductTree } from './schema.ts';

/** How deep branches nest, and how long a chain of relationships is, in no real document. */
const maxDepth = 32;

export interface Product {
  readonly id: string;
  readonly name: string;
  readonly cpe: string | null;
  readonly purl: string | null;
}

/** What a product id of a status stands for: an rpm in a product of the vendor. */
export interface ProductPackage {
  readonly platform: Product;
  readonly package: RpmPackage;
}

/** Finds what product ids mean; null for what is no rpm in a product: containers, products as a whole, ids nobody declared. */
export type ProductLookup = (productId: string) => ProductPackage | null;

/**
 * Reads a product tree (CSAF 3.2.2): products in branches and in the flat list, and the relationships that put one into another. A
 * module stands between a package and its product. Null for a tree with branches that are none.
 */
export function productLookup(tree: ProductTree): ProductLookup | null {
  const products = productsOf(tree);
  if (!products) return null;
  const relations = new Map(tree.relationships.map((one) => [one.full_product_name.product_id, one]));

  /** The product and everything it lies in, innermost first; empty where something is not declared. */
  const chainOf = (productId: string): Product[] => {
    const chain: Product[] = [];
    let next = productId;
    for (let depth = 0; depth < maxDepth; depth += 1) {
      const relation = relations.get(next);
      const product = products.get(relation?.product_reference ?? next);
      if (!product) return [];
      chain.push(product);
      if (!relation) return chain;
      next = relation.relates_to_product_reference;
    }
    return [];
  };

  return (productId) => {
    const chain = chainOf(productId);
    const [component, ...around] = chain;
    const platform = around.at(-1);
    const found = component && platform ? packageOf(component) : null;
    if (!found || !platform) return null;
    const module = found.module ?? around.map(moduleOf).find((one) => one !== null) ?? null;
    return { platform, package: { ...found, module } };
  };
}

function productsOf(tree: ProductTree): Map<string, Product> | null {
  const products = new Map<string, Product>();
  const add = ({ product_id: id, name, product_identification_helper: helper }: FullProductName): void => {
    products.set(id, { id, name, cpe: helper?.cpe ?? null, purl: helper?.purl ?? null });
  };
  tree.full_product_names.forEach(add);
  let level: readonly unknown[] = tree.branches;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth === maxDepth) return null;
    const below: unknown[] = [];
    for (const value of level) {
      const branch = Branch.safeParse(value);
      if (!branch.success) return null;
      if (branch.data.product) add(branch.data.product);
      for (const one of branch.data.branches ?? []) below.push(one);
    }
    level = below;
  }
  return products;
}

/** `pkg:rpmmod/redhat/nodejs@20:8100…`: a module as a product of its own. */
function moduleOf({ purl }: Product): string | null {
  const [, name, version] = /^pkg:rpmmod\/(?:[^/@?#]+\/)?([^/@?#]+)@([^?#]+)/.exec(purl ?? '') ?? [];
  return name === undefined || version === undefined ? null : moduleStream(`${name}:${version.replaceAll(/%3A/gi, ':')}`);
}

/** By its package URL; without one by its id, which then is the name, with or without a version: SUSE's documents have it so. */
function packageOf({ id, purl }: Product): RpmPackage | null {
  // httpd:2.4/httpd: a package of a module that has no fix yet.
  const module = moduleStream(/^[^/]+:[^/]+(?=\/)/.exec(id)?.[0] ?? '');
  if (purl !== null) {
    const found = parseRpmPurl(purl);
    return found && { ...found, module: found.module ?? module };
  }
  const name = id.slice(id.lastIndexOf('/') + 1);
  return parseNevra(name) ?? (isRpmName(name) ? { name, version: null, architecture: null, module } : null);
}
