import { fileURLToPath } from 'node:url';
import type { Rolldown } from 'vite';

const src = fileURLToPath(new URL('src/', import.meta.url));
/** What everybody fetches: the frame, and the page that most begin with; its table is on nearly every other page. */
const roots = ['main.tsx', 'pages/dashboard/DashboardPage.tsx'].map((file) => src + file);
/** What has to be there before anything else, and is small. */
const early =
  /rolldown.runtime|preload-helper|console.src.(?:api.ahead|pages.page-modules)|protocol.src.api.endpoints|client.src.address/;
/** Checks what is typed into forms; the first page has none. */
const checks = /node_modules.zod/;

/**
 * Names the files that code goes into: the first page is four scripts instead of twenty, since browsers fetch six at a time and a small
 * file costs as much as a large one. The libraries are a file of their own, which changes with them alone. Everything else follows the
 * pages that need it.
 */
export function firstPageGroups(): Rolldown.CodeSplittingGroup[] {
  let first: ReadonlySet<string> | undefined;
  const nameOf = (id: string, graph: Rolldown.ChunkingContext): string | null => {
    if (early.test(id)) return 'early';
    first ??= reachable(roots, graph);
    const isForLater = checks.test(id) || graph.getModuleInfo(id)?.importedIds.some((next) => checks.test(next));
    if (isForLater || !first.has(id)) return null;
    return /node_modules.(?!@cloudscape-design)/.test(id) ? 'library' : 'frame';
  };
  return [{ name: nameOf, includeDependenciesRecursively: false }];
}

function reachable(from: readonly string[], graph: Rolldown.ChunkingContext): ReadonlySet<string> {
  const found = new Set(from);
  for (const id of found) for (const next of graph.getModuleInfo(id)?.importedIds ?? []) found.add(next);
  return found;
}
