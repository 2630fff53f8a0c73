import type { Command } from './command.ts';

/** The commands that begin with one word. They are loaded when that word is typed: help and completion of the others need none of them. */
interface CommandGroup {
  readonly word: string;
  /** Of a single command its summary. */
  readonly describes: string;
  readonly load: () => Promise<readonly Command[]>;
}

/** Every group, in the order of the help. */
export const groups: readonly CommandGroup[] = [
  {
    word: 'login',
    describes: 'Keep address and API token of a platform for the other commands.',
    load: async () => [(await import('./login.ts')).login],
  },
  {
    word: 'log-out',
    describes: 'Log out everywhere: end all your sessions, and with --tokens your API tokens.',
    load: async () => [(await import('./log-out.ts')).logOut],
  },
  {
    word: 'contexts',
    describes: 'The platforms that "vedette login" keeps.',
    load: async () => (await import('./contexts.ts')).contextCommands,
  },
  {
    word: 'scan',
    describes: 'Judge the packages of a file, directory or root file system, without agent and platform.',
    load: async () => [(await import('./scan.ts')).scan],
  },
  {
    word: 'status',
    describes: 'Count assets and open detections, and tell how old the knowledge is.',
    load: async () => [(await import('./status.ts')).status],
  },
  {
    word: 'about',
    describes: 'Show the versions of platform and agents.',
    load: async () => [(await import('./about.ts')).about],
  },
  {
    word: 'assets',
    describes: 'Machines: what is on them, and what happened to them.',
    load: async () => (await import('./assets.ts')).assetCommands,
  },
  {
    word: 'detections',
    describes: 'What is found on machines, why, and what would stay.',
    load: async () => (await import('./detections.ts')).detectionCommands,
  },
  {
    word: 'explain',
    describes: 'Say why a detection exists: package, statements, comparison, authority, evidence and history.',
    load: async () => [(await import('./explain.ts')).explain],
  },
  {
    word: 'replay',
    describes: 'Judge stored verdicts again from their own evidence; list those that do not come out byte for byte the same.',
    load: async () => [(await import('./replay.ts')).replay],
  },
  {
    word: 'trends',
    describes: 'Show day by day what came and what was fixed, how long a fix takes, and what is beyond its deadline.',
    load: async () => [(await import('./history.ts')).trends],
  },
  {
    word: 'software',
    describes: 'Installed package versions: where is X?',
    load: async () => [(await import('./software-list.ts')).softwareList],
  },
  {
    word: 'events',
    describes: 'What happened, newest first.',
    load: async () => [(await import('./events-list.ts')).eventsList],
  },
  {
    word: 'checks',
    describes: 'Checks of the knowledge base.',
    load: async () => (await import('./checks.ts')).checkCommands,
  },
  {
    word: 'knowledge',
    describes: 'The knowledge base: its age and feeds, and files of it for "scan".',
    load: async () => (await import('./knowledge.ts')).knowledgeCommands,
  },
  {
    word: 'compare-versions',
    describes: 'Order two versions as their ecosystem does: prints <, = or >.',
    load: async () => [(await import('./compare-versions.ts')).compareVersions],
  },
  {
    word: 'activation-keys',
    describes: 'Keys by which agents enroll.',
    load: async () => (await import('./activation-keys.ts')).activationKeyCommands,
  },
  {
    word: 'profiles',
    describes: 'Configuration profiles: settings of agents by tag and query.',
    load: async () => (await import('./profiles.ts')).profileCommands,
  },
  {
    word: 'queries',
    describes: 'Saved queries.',
    load: async () => (await import('./queries.ts')).queryCommands,
  },
  {
    word: 'users',
    describes: 'Users of the organization.',
    load: async () => (await import('./users.ts')).usersCommands,
  },
  {
    word: 'roles',
    describes: 'What users may.',
    load: async () => (await import('./roles.ts')).rolesCommands,
  },
  {
    word: 'tokens',
    describes: 'Your API tokens.',
    load: async () => (await import('./tokens.ts')).tokensCommands,
  },
  {
    word: 'audit',
    describes: 'The audit log: who did what, and whether it is whole.',
    load: async () => (await import('./audit.ts')).auditCommands,
  },
  {
    word: 'risk',
    describes: 'Risk of the fleet, and what changed it.',
    load: async () => (await import('./risk.ts')).riskCommands,
  },
  {
    word: 'fix',
    describes: 'What to upgrade first.',
    load: async () => (await import('./fixes.ts')).fixCommands,
  },
  {
    word: 'exceptions',
    describes: 'Detections that are of no concern for a time; VEX in and out.',
    load: async () => (await import('./exceptions.ts')).exceptionCommands,
  },
  {
    word: 'tags',
    describes: 'Tags, and what they mean.',
    load: async () => (await import('./tags.ts')).tagCommands,
  },
  {
    word: 'reports',
    describes: 'Reports, and when they are made.',
    load: async () => (await import('./reports.ts')).reportCommands,
  },
  {
    word: 'notifications',
    describes: 'Channels and rules by which the platform tells of what happens.',
    load: async () => (await import('./notifications.ts')).notificationCommands,
  },
  {
    word: 'release',
    describes: 'Sign, publish and roll out releases of the agent.',
    load: async () => (await import('../release/commands.ts')).releaseCommands,
  },
  {
    word: 'relay',
    describes: 'Serve a site: hand out releases from a cache, and pass on what its agents say.',
    load: async () => [(await import('./relay.ts')).relay, (await import('./relay-nginx-config.ts')).relayNginxConfig],
  },
  {
    word: 'apply',
    describes: 'Make the platform hold what files say; prints the plan as a difference, and does nothing twice.',
    load: async () => [(await import('./apply.ts')).apply],
  },
  {
    word: 'export',
    describes: 'Print what the platform holds in the form that "vedette apply" takes.',
    load: async () => [(await import('./apply.ts')).exportAll],
  },
  {
    word: 'api',
    describes: 'Call any operation of the public API by its path, and print the reply.',
    load: async () => [(await import('./api.ts')).api],
  },
];

/** A group whose commands are not loaded, or that has some beside the word itself. */
export type NamedGroup = Pick<Command, 'name' | 'summary'>;

/** What there is for these words of a command line: the commands of the groups that they name, and of the others the names. */
export async function loadCommands(words: readonly string[]): Promise<(Command | NamedGroup)[]> {
  const loaded = await Promise.all(
    groups.map(async ({ word, describes, load }) => {
      const commands = words.includes(word) ? await load() : [];
      return commands.some(({ name }) => name === word) ? commands : [{ name: word, summary: describes }, ...commands];
    }),
  );
  return loaded.flat();
}

/** Every command, in the order of the help. */
export async function allCommands(): Promise<Command[]> {
  return (await Promise.all(groups.map(({ load }) => load()))).flat();
}
