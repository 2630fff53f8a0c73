import { describe, expect, it } from 'vitest';
import { ExtractorError, extractors, type FoundPackage } from '../index.ts';

function extract(name: string, text: string) {
  const extractor = extractors.find((one) => one.name === name);
  if (!extractor) throw new Error(`no extractor ${name}`);
  return extractor.extract(Buffer.from(text));
}

const named = (packages: readonly FoundPackage[]): string[] => packages.map(({ name, version }) => `${name} ${version}`);

describe('lock files name what is installed', () => {
  it.each([
    [
      'npm-lock',
      'version 1, nested, with an alias and a git address',
      JSON.stringify({
        lockfileVersion: 1,
        dependencies: {
          a: { version: '1.0.0', dependencies: { '@s/b': { version: '2.0.0' } } },
          alias: { version: 'npm:real@3.0.0' },
          git: { version: 'git+https://x/y#1' },
        },
      }),
      ['a 1.0.0', '@s/b 2.0.0', 'real 3.0.0'],
    ],
    [
      'npm-lock',
      'version 3, without the project, workspaces and links',
      JSON.stringify({
        lockfileVersion: 3,
        packages: {
          '': { version: '9.9.9' },
          'packages/own': { version: '0.0.1' },
          'node_modules/own': { link: true, resolved: 'packages/own' },
          'node_modules/a': { version: '1.0.0' },
          'node_modules/a/node_modules/@s/b': { version: '2.0.0' },
          'node_modules/alias': { name: 'real', version: '3.0.0' },
        },
      }),
      ['a 1.0.0', '@s/b 2.0.0', 'real 3.0.0'],
    ],
    [
      'yarn-lock',
      'version 1, with several patterns, a scope and an alias',
      '# yarn lockfile v1\n\n\n"@s/b@^2.0.0", "@s/b@^2.1.0":\n  version "2.1.3"\n  resolved "x"\n  dependencies:\n    version "9.9.9"\n\n"alias@npm:real@^3.0.0":\n  version "3.0.0"\n\n"own@file:../own":\n  version "0.0.1"\n',
      ['@s/b 2.1.3', 'real 3.0.0'],
    ],
    [
      'yarn-lock',
      'of Yarn 2 and later, without workspaces',
      '__metadata:\n  version: 6\n\n"a@npm:^1.0.0":\n  version: 1.0.1\n  resolution: "a@npm:1.0.1"\n\n"own@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "own@workspace:."\n\n"p@patch:p@1.0.0#x":\n  version: 1.0.0\n  resolution: "p@patch:p@npm%3A1.0.0#x::version=1.0.0"\n',
      ['a 1.0.1', 'p 1.0.0'],
    ],
    [
      'pnpm-lock',
      'version 5',
      'lockfileVersion: 5.4\npackages:\n  /a/1.0.0:\n    dev: false\n  /@s/b/2.0.0_a@1.0.0:\n    dev: true\n',
      ['a 1.0.0', '@s/b 2.0.0'],
    ],
    [
      'pnpm-lock',
      'version 6',
      "lockfileVersion: '6.0'\npackages:\n  /a@1.0.0:\n    dev: false\n  /@s/b@2.0.0(a@1.0.0):\n    dev: true\n",
      ['a 1.0.0', '@s/b 2.0.0'],
    ],
    [
      'pnpm-lock',
      'version 9, with archives',
      "lockfileVersion: '9.0'\npackages:\n  a@1.0.0:\n    resolution: {}\n  '@s/b@2.0.0':\n    resolution: {}\n  c@https://x/c.tgz:\n    version: 3.0.0\n    name: c\n",
      ['a 1.0.0', '@s/b 2.0.0', 'c 3.0.0'],
    ],
    [
      'requirements',
      'pinned lines only',
      '# x\nFlask==2.0.0 # y\npyjwt[crypto] == 2.1.0 ; python_version > "3"\nzope.interface===5.0\nx>=1\ny==1.*\nz\n-r other.txt\nh==1.2 \\\n  --hash=sha256:aa\n',
      ['flask 2.0.0', 'pyjwt 2.1.0', 'zope-interface 5.0', 'h 1.2'],
    ],
    ['python-lock', 'poetry.lock', '[[package]]\nname = "Foo_Bar"\nversion = "1.0"\n', ['foo-bar 1.0']],
    [
      'python-lock',
      'uv.lock without the project',
      '[[package]]\nname = "own"\nversion = "0.1"\nsource = { virtual = "." }\n\n[[package]]\nname = "a"\nversion = "1.0"\nsource = { registry = "x" }\n',
      ['a 1.0'],
    ],
    [
      'pipfile-lock',
      'both groups',
      JSON.stringify({ default: { A: { version: '==1.0' } }, develop: { b: { version: '==2.0' }, git: { git: 'x' } } }),
      ['a 1.0', 'b 2.0'],
    ],
    [
      'go-mod',
      'with replacements',
      'module example.org/own // x\n\ngo 1.21\n\nrequire (\n\ta.org/a v1.0.0\n\tb.org/b v2.0.0+incompatible // indirect\n)\nrequire c.org/c v3.0.0\nreplace a.org/a => ../a\nreplace (\n\tb.org/b v2.0.0+incompatible => d.org/d v4.0.0\n\tc.org/c v9.0.0 => e.org/e v5.0.0\n)\n',
      ['d.org/d v4.0.0', 'c.org/c v3.0.0'],
    ],
    [
      'go-sum',
      'without lines that only prove a go.mod',
      'a.org/a v1.0.0 h1:x=\na.org/a v1.0.0/go.mod h1:y=\nb.org/b v2.0.0/go.mod h1:z=\n',
      ['a.org/a v1.0.0'],
    ],
    [
      'cargo-lock',
      'without the workspace',
      'version = 3\n[[package]]\nname = "own"\nversion = "0.1.0"\n\n[[package]]\nname = "a"\nversion = "1.0.0"\nsource = "registry+x"\n',
      ['a 1.0.0'],
    ],
    [
      'gemfile-lock',
      'gems of registries and git, without platforms',
      'PATH\n  remote: .\n  specs:\n    own (0.1)\n\nGIT\n  remote: x\n  specs:\n    g (1.0)\n\nGEM\n  specs:\n    a (1.0.0)\n      b (>= 1)\n    nokogiri (1.15.4-x86_64-linux)\n\nDEPENDENCIES\n  a (= 1.0.0)\n',
      ['g 1.0', 'a 1.0.0', 'nokogiri 1.15.4'],
    ],
    [
      'composer-lock',
      'both lists',
      JSON.stringify({ packages: [{ name: 'V/A', version: 'v1.0.0' }], 'packages-dev': [{ name: 'v/b', version: '2.0.0' }] }),
      ['v/a 1.0.0', 'v/b 2.0.0'],
    ],
    [
      'nuget-lock',
      'every framework, without projects',
      JSON.stringify({
        version: 1,
        dependencies: {
          net6: { A: { type: 'Direct', resolved: '1.0.0' }, Own: { type: 'Project' } },
          net7: { A: { type: 'Direct', resolved: '2.0.0' } },
        },
      }),
      ['A 1.0.0', 'A 2.0.0'],
    ],
    ['gradle-lock', 'with comments', '# x\ng:a:1.0.0=runtimeClasspath\nempty=x\n', ['g:a 1.0.0']],
    [
      'maven-pom',
      'properties, management, parents and exact ranges',
      '<project xmlns="http://maven.apache.org/POM/4.0.0"><parent><version>7</version></parent><properties><v>1.${w}</v><w>2</w></properties><dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>m</artifactId><version>3</version></dependency></dependencies></dependencyManagement><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>${v}</version><exclusions><exclusion><artifactId>z</artifactId></exclusion></exclusions></dependency><dependency><groupId>g</groupId><artifactId>m</artifactId></dependency><dependency><groupId>g</groupId><artifactId>o</artifactId><version>${project.version}</version></dependency><dependency><groupId>g</groupId><artifactId>e</artifactId><version>[1.5]</version></dependency><dependency><groupId>g</groupId><artifactId>r</artifactId><version>[1,2)</version></dependency></dependencies></project>',
      ['g:a 1.2', 'g:m 3', 'g:o 7', 'g:e 1.5'],
    ],
  ])('%s: %s', (name, _, text, expected) => {
    expect(named(extract(name, text).packages)).toEqual(expected);
  });

  it('says which lines of a requirements file name no version', () => {
    expect(extract('requirements', 'a==1\nb>=2\n').problems).toEqual([{ line: 2, reason: 'b is not pinned to one version' }]);
  });

  it('ends properties of a pom.xml that stand for each other', () => {
    const text =
      '<project><properties><a>${b}${b}</a><b>${a}${a}</b></properties><dependencies><dependency><groupId>g</groupId><artifactId>a</artifactId><version>${a}</version></dependency></dependencies></project>';
    expect(extract('maven-pom', text)).toMatchObject({ packages: [], problems: [{ reason: 'g:a has no version in this file' }] });
  });

  it.each([
    [
      'bun-lock',
      '{"lockfileVersion":1,"workspaces":{"":{}},"packages":{"@a/b":["@a/b@1.0.0","",{},"x,]"],"c":["c@workspace:c"],"d":["d@github:x/y"],},}',
      ['@a/b 1.0.0'],
    ],
    [
      'dotnet-deps',
      '{"libraries":{"App/1.0.0":{"type":"project"},"Newtonsoft.Json/13.0.1":{"type":"package"}}}',
      ['Newtonsoft.Json 13.0.1'],
    ],
    ['nuget-config', '\uFEFF<?xml version="1.0"?>\n<packages><package id="A" version="1.0" /></packages>', ['A 1.0']],
    [
      'nuget-props',
      '<Project xmlns="m"><ItemGroup><PackageVersion Include="A" Version="1.0" /><PackageVersion Include="B" Version="$(V)" /></ItemGroup></Project>',
      ['A 1.0'],
    ],
    ['composer-installed', '[{"name":"A/B","version":"v1.2"}]', ['a/b 1.2']],
    ['composer-installed', '{"packages":[{"name":"a/b","version":"1.2"}],"dev":true}', ['a/b 1.2']],
    [
      'pubspec-lock',
      'packages:\n  a:\n    source: hosted\n    version: "1.0.0"\n  b:\n    source: sdk\n    version: "0.0.0"\n',
      ['a 1.0.0'],
    ],
    ['mix-lock', '%{\r\n  "a": {:hex, :a, "1.0.0", "x"},\r\n  "b": {:git, "https://x", "y", []},\r\n}', ['a 1.0.0']],
    [
      'swift-resolved',
      '{"pins":[{"location":"https://github.com/a/b.git","state":{"version":"1.0.0"}},{"location":"https://c","state":{"branch":"main"}}]}',
      ['github.com/a/b 1.0.0'],
    ],
    [
      'swift-resolved',
      '{"object":{"pins":[{"repositoryURL":"git@github.com:a/b.git","state":{"version":"1.0.0"}}]}}',
      ['github.com/a/b 1.0.0'],
    ],
    ['sbt-lock', '{"lockVersion":1,"dependencies":[{"org":"a.b","name":"c","version":"1.0"}]}', ['a.b:c 1.0']],
    ['python-metadata', 'Metadata-Version: 2.1\r\nName: Foo_Bar\r\nVersion: 1.0\r\n\r\nVersion: 9', ['foo-bar 1.0']],
    ['gemspec', 'Gem::Specification.new do |s|\n  s.name = "rake".freeze\n  s.version = "13.0.3"\n', ['rake 13.0.3']],
    ['npm-package', '{"name":"a","version":"1.0.0"}', ['a 1.0.0']],
    ['npm-package', '{"type":"module"}', []],
    [
      'cyclonedx-xml',
      '<c:bom xmlns:c="http://cyclonedx.org/schema/bom/1.4"><c:components><c:component type="library"><c:name>a</c:name><c:version>1</c:version><c:purl>pkg:npm/a@1</c:purl><c:components><c:component type="library"><c:name>b</c:name><c:version>2</c:version><c:purl>pkg:npm/b@2</c:purl></c:component></c:components></c:component></c:components></c:bom>',
      ['a 1', 'b 2'],
    ],
  ])('%s: %j', (name, text, expected) => {
    expect(extract(name, text).packages.map((one) => `${one.name} ${one.version}`)).toEqual(expected);
  });

  it.each([
    [
      'npm-lock',
      '{"lockfileVersion":1,"dependencies":' + '{"a":{"dependencies":'.repeat(5000) + '{}' + '}}'.repeat(5000) + '}',
      'TOO_LARGE',
    ],
    ['npm-lock', '{"name":"x"}', 'NOT_THIS_FORMAT'],
    ['pnpm-lock', 'a: *b', 'NOT_THIS_FORMAT'],
    ['pnpm-lock', 'a: [', 'NOT_THIS_FORMAT'],
    ['cargo-lock', '[[package', 'NOT_THIS_FORMAT'],
    ['go-mod', 'require a.org/a v1\n', 'NOT_THIS_FORMAT'],
    ['composer-lock', '[]', 'NOT_THIS_FORMAT'],
    ['maven-pom', '<project>' + '<a>'.repeat(200), 'TOO_LARGE'],
    ['maven-pom', '<!DOCTYPE project [<!ENTITY a "b">]><project>&a;</project>', 'NOT_THIS_FORMAT'],
  ])('%s refuses what it cannot mean: %#', (name, text, code) => {
    let thrown: unknown;
    try {
      extract(name, text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ExtractorError);
    expect(thrown).toMatchObject({ code });
  });

  it('keeps a package called __proto__ apart from the language', () => {
    const text =
      '{"lockfileVersion":3,"packages":{"node_modules/__proto__":{"version":"1.0.0"},"node_modules/constructor":{"version":"2.0.0"}}}';
    expect(named(extract('npm-lock', text).packages)).toEqual(['__proto__ 1.0.0', 'constructor 2.0.0']);
    expect(Object.hasOwn(Object.prototype, 'version')).toBe(false);
  });
});
