import { fileURLToPath } from 'node:url';
import type { Rolldown } from 'vite';

const src = fileURLToPath(new URL('src/', import.meta.url));
/** What everybody fetches: the frame, and the page that most begin with; its table is on nearly every other page. */
const firstRoots = ['main.tsx', 'pages/dashboard/DashboardPage.tsx'].map((file) => src + file);
/** The long lists, which share nearly all that they are made of. */
const listRoots = ['assets/AssetsPage', 'detections/DetectionsPage', 'checks/ChecksPage', 'software/SoftwarePage'].map(
  (page) => `${src}pages/${page}.tsx`,
);
/** What has to be there before anything else, and is small. */
const early =
  /rolldown.runtime|preload-helper|console.src.(?:ahead|api.ahead|paths|ui.stored|pages.(?:page-modules|first-questions))|protocol.src.api.endpoints|client.src.address/;
/** Checks what is typed into forms; neither the first page nor a list has any at first. */
const checks = /node_modules.zod/;

/**
 * Names the files that code goes into: the first page is four scripts instead of twenty, and a list one more instead of seventeen,
 * since browsers fetch six at a time and a small file costs as much as a large one. The libraries are a file of their own, which changes
 * with them alone. Everything else follows the pages that need it.
 */
export function firstPageGroups(): Rolldown.CodeSplittingGroup[] {
  let first: ReadonlySet<string> | undefined;
  let lists: ReadonlySet<string> | undefined;
  const nameOf = (id: string, graph: Rolldown.ChunkingContext): string | null => {
    if (early.test(id)) return 'early';
    first ??= reachable(firstRoots, graph);
    lists ??= reachable(listRoots, graph);
    const isForLater = checks.test(id) || graph.getModuleInfo(id)?.importedIds.some((next) => checks.test(next));
    if (isForLater) return null;
    if (first.has(id)) return /node_modules.(?!@cloudscape-design)/.test(id) ? 'library' : 'frame';
    return lists.has(id) ? 'lists' : null;
  };
  return [{ name: nameOf, includeDependenciesRecursively: false }];
}

function reachable(from: readonly string[], graph: Rolldown.ChunkingContext): ReadonlySet<string> {
  const found = new Set(from);
  for (const id of found) for (const next of graph.getModuleInfo(id)?.importedIds ?? []) found.add(next);
  return found;
}
