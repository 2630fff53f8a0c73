import { chmod, cp, mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentVersion } from '../../apps/agent/src/config.ts';
import { type Architecture, architectureNames } from './architecture.ts';
import { runTool } from './run-tool.ts';
import { bytesBelow, maintainer, place, rfc5322 } from './stage.ts';

export const packageFormats = ['deb', 'rpm', 'tar'] as const;
export type PackageFormat = (typeof packageFormats)[number];

export interface PackageInput {
  /** The staged files; a format copies what it adds to. */
  readonly staged: string;
  /** An empty directory to work in. */
  readonly work: string;
  readonly out: string;
  readonly architecture: Architecture;
  /** Seconds since 1970 that every packed file bears, so that the same commit gives the same bytes (reproducible-builds.org). */
  readonly epoch: number;
  readonly fast: boolean;
}

/** Makes one package below `out`; returns its file name. Throws PackageError. */
export const makeFormat: Record<PackageFormat, (input: PackageInput) => Promise<string>> = {
  deb: makeDeb,
  rpm: makeRpm,
  tar: makeTarball,
};

const summary = 'reports what is installed to a Vedette platform';
const description = [
  'Looks at this machine and sends metadata only, then only what changed, to its',
  'Vedette platform, which says what is vulnerable, why, and what fixes it.',
];
const home = 'https://vedette.example';

/** Debian binary package, deb(5), by dpkg-deb; the scripts follow Debian Policy chapters 6 and 9. */
async function makeDeb({ staged, work, out, architecture, epoch, fast }: PackageInput): Promise<string> {
  const root = join(work, 'deb');
  await cp(staged, root, { recursive: true });
  await place('vedette-agent.init', join(root, 'etc/init.d/vedette-agent'), 0o755);
  await mkdir(join(root, 'usr/share/lintian/overrides'), { recursive: true });
  await place('lintian-overrides', join(root, 'usr/share/lintian/overrides/vedette-agent'), 0o644);
  const installed = Math.ceil((await bytesBelow(root)) / 1024);
  const control = join(root, 'DEBIAN');
  await mkdir(control);
  await Promise.all(['postinst', 'prerm', 'postrm'].map((name) => place(name, join(control, name), 0o755)));
  await writeFile(join(control, 'conffiles'), '/etc/init.d/vedette-agent\n');
  await writeFile(
    join(control, 'control'),
    `Package: vedette-agent
Version: ${agentVersion}
Architecture: ${architectureNames[architecture].deb}
Maintainer: ${maintainer}
Installed-Size: ${installed}
Pre-Depends: init-system-helpers (>= 1.54~)
Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8)${architecture === 'x64' ? '' : ', libatomic1'}
Section: admin
Priority: optional
Homepage: ${home}
Description: ${summary}
 ${description.join('\n ')}
`,
  );
  const md5 = (
    await runTool('sh', ['-c', 'find usr -type f | LC_ALL=C sort | xargs md5sum'], { cwd: root, from: 'coreutils' })
  ).trimEnd();
  await writeFile(join(control, 'md5sums'), `${md5}\n`);
  await plainModes(root);
  const name = `vedette-agent_${agentVersion}_${architectureNames[architecture].deb}.deb`;
  // xz, because the dpkg of Debian 11 and before reads no zstd.
  const compression = fast ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6'];
  await runTool('dpkg-deb', ['--root-owner-group', ...compression, '--build', root, join(out, name)], {
    environment: { SOURCE_DATE_EPOCH: String(epoch) },
    from: 'dpkg',
  });
  return name;
}

/** RPM package by rpmbuild. It finds the libraries the runtime needs by itself; it must not strip again, or put links to build ids beside the program. */
async function makeRpm({ staged, work, out, architecture, epoch, fast }: PackageInput): Promise<string> {
  const { rpm } = architectureNames[architecture];
  const [root, result] = [join(work, 'rpm'), join(work, 'rpm-result')];
  await cp(staged, root, { recursive: true });
  await plainModes(root);
  const specFile = join(work, 'vedette-agent.spec');
  const date = rfc5322(new Date(epoch * 1000)); // "Sun, 22 Nov 2026 …"; rpm wants "Sun Nov 22 2026"
  const [, weekday, day, month, year] = /^(\w{3}), (\d\d) (\w{3}) (\d{4})/.exec(date) ?? [];
  await writeFile(
    specFile,
    `Name: vedette-agent
Version: ${agentVersion}
Release: 1
Summary: Vedette agent, ${summary}
License: Apache-2.0
URL: ${home}
Group: System/Monitoring
Packager: ${maintainer}
AutoProv: no
%description
${description.join('\n')}
%install
cp -a ${root}/. %{buildroot}
%post
${rpmPost}
%preun
${rpmPreun}
%postun
[ "$1" -ne 0 ] || rm -rf /var/lib/vedette-agent/upgrade
[ ! -d /run/systemd/system ] || systemctl --system daemon-reload >/dev/null 2>&1 || :
%files
%attr(0755,root,root) /usr/sbin/vedette-agent
%dir %attr(0755,root,root) /usr/lib/vedette-agent
/usr/lib/vedette-agent/*
/usr/lib/systemd/system/vedette-agent.service
/usr/share/bash-completion/completions/vedette-agent
%doc /usr/share/doc/vedette-agent
%doc /usr/share/man/man8/vedette-agent.8.gz
%changelog
* ${weekday} ${month} ${day} ${year} ${maintainer} - ${agentVersion}-1
- See the release notes.
`,
  );
  const defines = {
    _topdir: join(work, 'rpmbuild'),
    _rpmdir: result,
    _rpmfilename: '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm',
    _binary_payload: fast ? 'w1.gzdio' : 'w10T2.zstdio',
    _build_id_links: 'none',
    _buildhost: 'localhost',
    __os_install_post: '%{nil}',
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
  };
  const args = Object.entries(defines).flatMap(([name, value]) => ['--define', `${name} ${value}`]);
  await runTool('rpmbuild', ['-bb', '--quiet', '--target', `${rpm}-linux`, ...args, specFile], {
    environment: { SOURCE_DATE_EPOCH: String(epoch) },
    from: 'rpm',
  });
  const [name] = await readdir(result);
  if (name === undefined) throw new Error('rpmbuild made no package');
  await moveFile(join(result, name), join(out, name));
  return name;
}

const rpmPost = `ready=yes
/usr/lib/vedette-agent/configure || { [ $? -eq 3 ] && ready=no; }
if [ -d /run/systemd/system ]; then
  systemctl --system daemon-reload >/dev/null 2>&1 || :
  if [ "$1" -eq 1 ]; then systemctl enable vedette-agent.service >/dev/null 2>&1 || :; fi
  if [ "$ready" = yes ]; then systemctl restart vedette-agent.service >/dev/null 2>&1 || :; fi
elif [ "$ready" = yes ] && /usr/lib/vedette-agent/supervise status >/dev/null 2>&1; then
  /usr/lib/vedette-agent/supervise restart || :
fi`;

const rpmPreun = `if [ "$1" -eq 0 ]; then
  [ ! -d /run/systemd/system ] || systemctl disable --now vedette-agent.service >/dev/null 2>&1 || :
  /usr/lib/vedette-agent/supervise stop || :
fi`;

/** The same files for machines without dpkg and rpm, with the scripts that put them in place and take them away. */
async function makeTarball({ staged, work, out, architecture, epoch, fast }: PackageInput): Promise<string> {
  const folder = `vedette-agent-${agentVersion}-linux-${architecture}`;
  const root = join(work, 'tar', folder);
  await cp(staged, root, { recursive: true });
  await Promise.all(['install.sh', 'uninstall.sh'].map((name) => place(name, join(root, name), 0o755)));
  await plainModes(root);
  const name = `${folder}.tar.gz`;
  const options = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--format=gnu', `--mtime=@${epoch}`];
  await runTool('tar', [...options, '-I', fast ? 'gzip -1n' : 'gzip -6n', '-cf', join(out, name), folder], {
    cwd: join(work, 'tar'),
    from: 'tar',
  });
  return name;
}

/** Directories 0755, whatever the umask of whoever builds. */
async function plainModes(root: string): Promise<void> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const folders = entries.flatMap((entry) => (entry.isDirectory() ? [join(entry.parentPath, entry.name)] : []));
  await Promise.all([root, ...folders].map((path) => chmod(path, 0o755)));
}

async function moveFile(from: string, to: string): Promise<void> {
  await rename(from, to).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EXDEV') throw error;
    await cp(from, to);
  });
}
