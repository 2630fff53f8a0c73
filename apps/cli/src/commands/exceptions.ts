import { readFile } from 'node:fs/promises';
import {
  decideException,
  endException,
  type Exception,
  ExceptionId,
  ExceptionSorting,
  exportVex,
  getException,
  importVex,
  limits,
  listExceptions,
  previewException,
  requestException,
  VexFormat,
  VexJustification,
  VexStatus,
} from '@vedette/protocol';
import { z } from 'zod';
import { CliError } from '../errors.ts';
import { table } from '../output/table.ts';
import { identifier } from './argument.ts';
import type { Command, Outcome } from './command.ts';
import { page, pageOptions, queryText, sorting, sortOptions, text, wholeNumber } from './list-options.ts';

const exceptionsList: Command = {
  name: 'exceptions list',
  summary: 'List exceptions, the newest first.',
  options: [
    ['--state <state>', 'requested, active, expired, ended or rejected'],
    ...sortOptions(ExceptionSorting.options),
    ...pageOptions,
  ],
  example: 'vedette exceptions list --state active --sort expiresAt',
  async run({ client }, _, options) {
    const state = text(options['state']) as 'active' | undefined; // the server names the words it accepts
    const order = sorting(options, ExceptionSorting.options);
    const data = await client().call(listExceptions, { query: { ...page(options), ...order, state } });
    const rows = data.items.map((one) => [
      one.exceptionId,
      one.state,
      one.status,
      one.names.join(' '),
      one.covered,
      one.expiresAt ?? 'never',
      one.requestedBy,
      one.reason,
    ]);
    return {
      data,
      text: `${table(['exception', 'state', 'status', 'checks', 'covers', 'expires', 'asked by', 'reason'], rows)}\n${data.total} in all`,
    };
  },
};

const exceptionsShow: Command = {
  name: 'exceptions show',
  summary: 'One exception, with who asked for it and who decided.',
  args: '<exception>',
  example: 'vedette exceptions show 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa',
  async run({ client }, [id]) {
    return told(await client().call(getException, { params: { exceptionId: identifier(ExceptionId, 'exception', id) } }));
  },
};

const exceptionsRequest: Command = {
  name: 'exceptions request',
  summary: 'Ask for an exception: what is found by the query now is left out of what is open.',
  args: '<query>',
  options: [
    ['--assets <query>', 'which assets, in the query language (default: all)'],
    ['--status <status>', 'not_affected, affected (default), fixed or under_investigation'],
    ['--justification <word>', 'of not_affected, as VEX has it'],
    ['--reason <text>', 'why (needed)'],
    ['--comment <text>', 'more of it'],
    ['--expires-in-days <n>', 'when it is over (default: as the rules say)'],
    ['--any-version', 'whatever version is installed; otherwise another version ends it'],
    ['--dry-run', 'check all of it, say what it would be given for, and ask for nothing'],
  ],
  example: `vedette exceptions request 'name:CVE-2026-1000' --assets tag:lab --reason "isolated test machines" --expires-in-days 90`,
  async run({ client }, [query], options) {
    const scope = {
      query: queryText(query, 'detection') ?? '',
      assets: queryText(options['assets'], 'asset') ?? '',
      anyVersion: options['anyVersion'] === true,
    };
    const dryRun = options['dryRun'] === true;
    const data = await client().call(requestException, {
      body: {
        ...scope,
        status: identifier(VexStatus, 'status', options['status'] ?? 'affected'),
        justification: identifier(VexJustification.nullable(), 'justification', options['justification'] ?? null),
        reason: text(options['reason']) ?? '',
        comment: text(options['comment']) ?? '',
        expiresInDays: wholeNumber('--expires-in-days', options['expiresInDays']) ?? null,
        dryRun,
      },
    });
    if (!dryRun) return told(data);
    const preview = await client().call(previewException, { body: scope });
    const { state, expiresAt } = data;
    const holds = `${state === 'active' ? '' : ', once somebody has approved it'}${expiresAt === null ? '' : `, until ${expiresAt}`}`;
    return {
      data: { ...preview, state, expiresAt },
      text: `It would cover ${preview.detections} detections of ${preview.checks} checks on ${preview.assets} assets${holds}.`,
    };
  },
};

const decisionOf = (decision: 'approved' | 'rejected', verb: string): Command => ({
  name: `exceptions ${verb}`,
  summary: `${verb === 'approve' ? 'Approve' : 'Reject'} an exception that somebody asked for.`,
  args: '<exception>',
  example: `vedette exceptions ${verb} 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa`,
  async run({ client }, [id]) {
    const exceptionId = identifier(ExceptionId, 'exception', id);
    return told(await client().call(decideException, { params: { exceptionId }, body: { decision } }));
  },
});

const exceptionsEnd: Command = {
  name: 'exceptions end',
  summary: 'End an exception; its detections are open again.',
  args: '<exception>',
  example: 'vedette exceptions end 3f0e6d0a-0c53-4d7e-8f35-5ad2a3a6b1aa',
  async run({ client }, [id]) {
    return told(await client().call(endException, { params: { exceptionId: identifier(ExceptionId, 'exception', id) } }));
  },
};

const exceptionsExport: Command = {
  name: 'exceptions export',
  summary: 'Write the exceptions that hold as a VEX document.',
  options: [
    ['--format <format>', 'openvex (default) or cyclonedx'],
    ['--assets <query>', 'also those given for these assets, in the same words (default: only those for all assets)'],
  ],
  example: 'vedette exceptions export --format openvex > vex.json',
  async run({ client }, _, options) {
    const format = identifier(VexFormat, 'format', options['format'] ?? 'openvex');
    const data = await client().call(exportVex, {
      query: { standard: format, assets: queryText(options['assets'], 'asset') ?? '' },
    });
    return { data, text: JSON.stringify(data, null, 2) };
  },
};

const exceptionsImport: Command = {
  name: 'exceptions import',
  summary: 'Ask for exceptions from an OpenVEX or CycloneDX document.',
  args: '<file>',
  help: 'The same again asks for nothing; a newer version of a document ends what it takes back.',
  options: [
    ['--assets <query>', 'for which assets it is believed (default: all)'],
    ['--expires-in-days <n>', 'when they are over (default: as the rules say)'],
    ['--dry-run', 'say what would be asked for, and ask for nothing'],
  ],
  example: 'vedette exceptions import vendor.openvex.json --assets tag:production',
  async run({ client }, [file = ''], options) {
    const data = await client().call(importVex, {
      body: {
        document: await readDocument(file),
        assets: queryText(options['assets'], 'asset') ?? '',
        expiresInDays: wholeNumber('--expires-in-days', options['expiresInDays']) ?? null,
        dryRun: options['dryRun'] === true,
      },
    });
    const skipped = data.skipped.map(({ vulnerability, why }) => `skipped ${vulnerability}: ${why}`);
    const wanted = data.wanted.map((one) => `${one.query}: ${one.status}, ${one.packageVersions} package versions`);
    const known = data.unchanged.map(({ query, state, exceptionId }) => `known ${query}: ${state} (${exceptionId})`);
    const ends = options['dryRun'] === true ? 'would end' : 'ended';
    const replaced = data.replaced.map(
      ({ query, state, why, exceptionId }) => `${ends} ${query}: ${state}, ${why} (${exceptionId})`,
    );
    const upheld = data.upheld.map(
      ({ query, state, document }) => `stays ${query}: ${state}, said by ${document ?? 'another document'}, too`,
    );
    const head = options['dryRun'] === true ? ['would be asked for:', ...wanted] : [`${data.wanted.length} exceptions asked for`];
    return { data, text: [...head, ...replaced, ...upheld, ...known, ...skipped].join('\n') };
  },
};

async function readDocument(file: string): Promise<Record<string, unknown>> {
  const content = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CliError('USAGE', `${file} cannot be read`, { cause });
  });
  if (content.length > limits.apiBodyBytes)
    throw new CliError('USAGE', `${file} is too large: the platform takes ${limits.apiBodyBytes} bytes`);
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(content));
  } catch (cause) {
    throw new CliError('USAGE', `${file} is no JSON document`, { cause });
  }
}

function told(data: Exception): Outcome {
  const covered = data.covered === null ? '' : `, covers ${data.covered} open detections`;
  return { data, text: `${data.exceptionId} ${data.state}${covered}` };
}

export const exceptionCommands: readonly Command[] = [
  exceptionsList,
  exceptionsShow,
  exceptionsRequest,
  decisionOf('approved', 'approve'),
  decisionOf('rejected', 'reject'),
  exceptionsEnd,
  exceptionsExport,
  exceptionsImport,
];
