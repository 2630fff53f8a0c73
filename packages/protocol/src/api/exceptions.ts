import { z } from 'zod';
import { endpoint } from '../endpoint.ts';
import { CheckNumber, Instant } from '../ids.ts';
import { CursorPage, listOf, sortedBy } from './paging.ts';

/** As VEX has it (OpenVEX 0.2.0, "Status labels"). */
export const VexStatus = z.enum(['not_affected', 'affected', 'fixed', 'under_investigation']);
export type VexStatus = z.infer<typeof VexStatus>;

/** Why something is not affected (OpenVEX 0.2.0, "Status justifications"). */
export const VexJustification = z.enum([
  'component_not_present',
  'vulnerable_code_not_present',
  'vulnerable_code_not_in_execute_path',
  'vulnerable_code_cannot_be_controlled_by_adversary',
  'inline_mitigations_already_exist',
]);
export type VexJustification = z.infer<typeof VexJustification>;

export const ExceptionSource = z.enum(['person', 'openvex', 'cyclonedx']);
export type ExceptionSource = z.infer<typeof ExceptionSource>;

export const ExceptionId = z.uuid().brand<'ExceptionId'>();
export type ExceptionId = z.infer<typeof ExceptionId>;

/** requested: waits for a second person. active: covers. expired, ended: did. rejected: never did. */
export const ExceptionState = z.enum(['requested', 'active', 'expired', 'ended', 'rejected']);
export type ExceptionState = z.infer<typeof ExceptionState>;

const Scope = z.object({
  assets: z.string().max(4096).default('').meta({ description: 'Which assets, in the query language; empty: all' }),
  query: z.string().min(1).max(4096).meta({
    description: 'Which detections, in the query language. Their checks and package versions of now are what it is given for',
  }),
  anyVersion: z.boolean().default(false).meta({
    description: 'true: for these checks whatever version is installed; false: the detection is back with another version',
  }),
});

export const NewException = Scope.extend({
  status: VexStatus.meta({ description: 'under_investigation is shown, but leaves the detections open' }),
  justification: VexJustification.nullable().default(null).meta({ description: 'Of not_affected' }),
  reason: z.string().min(1).max(200),
  comment: z.string().max(4000).default(''),
  expiresInDays: z.int().min(1).max(3650).nullable().default(null),
});
export type NewException = z.infer<typeof NewException>;

export const Exception = Scope.extend({
  exceptionId: ExceptionId,
  state: ExceptionState,
  status: VexStatus,
  justification: VexJustification.nullable(),
  reason: z.string(),
  comment: z.string(),
  source: ExceptionSource,
  checks: z.int().min(0).meta({ description: 'For so many checks it was given' }),
  names: z.array(z.string()).meta({ description: 'Of the first few of them' }),
  covered: z.int().min(0).nullable().meta({
    description:
      'Open detections that fit it now; null where it does not hold, and after a change while the fleet index is being built',
  }),
  requestedBy: z.string(),
  requestedAt: Instant,
  decidedBy: z.string().nullable(),
  decidedAt: Instant.nullable(),
  expiresAt: Instant.nullable(),
  endedBy: z.string().nullable(),
  endedAt: Instant.nullable(),
});
export type Exception = z.infer<typeof Exception>;

/** `requestedAt`: the newest first. `expiresAt`: the soonest first. `state`: what waits for somebody first. */
export const ExceptionSorting = z.enum([
  'requestedAt',
  'reason',
  'state',
  'status',
  'query',
  'assets',
  'comment',
  'checks',
  'covered',
  'expiresAt',
  'requestedBy',
  'decidedBy',
]);
export type ExceptionSorting = z.infer<typeof ExceptionSorting>;

export const listExceptions = endpoint({
  name: 'listExceptions',
  summary: 'Exceptions, the newest first unless another order is asked for.',
  method: 'GET',
  path: '/exceptions',
  permission: 'exception:read',
  query: CursorPage.extend({
    ...sortedBy(ExceptionSorting.default('requestedAt')),
    state: ExceptionState.optional(),
    check: z.coerce.number().pipe(CheckNumber).optional(),
  }),
  reply: listOf(Exception),
});

export const getException = endpoint({
  name: 'getException',
  summary: 'One exception.',
  method: 'GET',
  path: '/exceptions/:exceptionId',
  permission: 'exception:read',
  params: z.object({ exceptionId: ExceptionId }),
  reply: Exception,
  errors: ['NOT_FOUND'],
});

export const requestException = endpoint({
  name: 'requestException',
  summary: 'Ask for an exception; it holds at once where the rules ask for no second person.',
  method: 'POST',
  path: '/exceptions',
  permission: 'exception:write',
  body: NewException.extend({
    dryRun: z.boolean().default(false).meta({
      description: 'true: everything is checked, nothing is asked for; the reply is what would be, and its id leads nowhere',
    }),
  }),
  reply: Exception,
  errors: ['BAD_REQUEST', 'FORBIDDEN'],
});

export const previewException = endpoint({
  name: 'previewException',
  summary: 'What an exception would be given for, without asking for it.',
  method: 'POST',
  path: '/exceptions/preview',
  permission: 'exception:read',
  body: Scope,
  reply: z.object({ detections: z.int(), assets: z.int(), checks: z.int(), names: z.array(z.string()) }),
  errors: ['BAD_REQUEST', 'FORBIDDEN'],
});

export const decideException = endpoint({
  name: 'decideException',
  summary: 'Approve or reject what somebody asked for. Where the rules ask for a second person, it cannot be the one who asked.',
  method: 'POST',
  path: '/exceptions/:exceptionId/decision',
  permission: 'exception:approve',
  params: z.object({ exceptionId: ExceptionId }),
  body: z.object({ decision: z.enum(['approved', 'rejected']) }),
  reply: Exception,
  errors: ['NOT_FOUND', 'CONFLICT', 'FORBIDDEN'],
});

export const endException = endpoint({
  name: 'endException',
  summary: 'End an exception, or take a request back; its detections are open again.',
  method: 'DELETE',
  path: '/exceptions/:exceptionId',
  permission: 'exception:write',
  params: z.object({ exceptionId: ExceptionId }),
  reply: Exception,
  errors: ['NOT_FOUND', 'CONFLICT'],
});

export const ExceptionRules = z.object({
  secondPerson: z.boolean().meta({ description: 'Nobody approves their own' }),
  maxDays: z.int().min(1).max(3650).nullable().meta({ description: 'The longest that one may hold; null: without end' }),
});
export type ExceptionRules = z.infer<typeof ExceptionRules>;

export const getExceptionRules = endpoint({
  name: 'getExceptionRules',
  summary: 'How exceptions come to hold.',
  method: 'GET',
  path: '/exception-rules',
  permission: 'exception:read',
  reply: ExceptionRules,
});

export const setExceptionRules = endpoint({
  name: 'setExceptionRules',
  summary: 'Say how exceptions come to hold from now on.',
  method: 'POST',
  path: '/exception-rules',
  permission: 'settings:write',
  body: ExceptionRules,
  reply: ExceptionRules,
});

export const VexFormat = z.enum(['openvex', 'cyclonedx']);
export type VexFormat = z.infer<typeof VexFormat>;

export const exportVex = endpoint({
  name: 'exportVex',
  summary: 'Exceptions that hold, as an OpenVEX or CycloneDX document.',
  method: 'GET',
  path: '/exceptions/vex',
  permission: 'exception:read',
  query: z.object({
    standard: VexFormat.default('openvex'),
    assets: z.string().max(4096).default('').meta({
      description: 'Also exceptions given for these assets, in the words of the exception; the others are those for all assets',
    }),
  }),
  reply: z.record(z.string(), z.unknown()),
});

export const importVex = endpoint({
  name: 'importVex',
  summary:
    'Ask for exceptions from an OpenVEX or CycloneDX document, or say what it would ask for. The same again asks for nothing.',
  method: 'POST',
  path: '/exceptions/vex',
  permission: 'exception:write',
  body: z.object({
    document: z.record(z.string(), z.unknown()).meta({ description: 'As it came; which format it is says itself' }),
    assets: z.string().max(4096).default('').meta({ description: 'For which assets it is believed; empty: all' }),
    expiresInDays: z.int().min(1).max(3650).nullable().default(null),
    dryRun: z.boolean().default(false).meta({ description: 'true: nothing is asked for' }),
  }),
  reply: z.object({
    requested: z.array(Exception).meta({ description: 'With those that are upheld; none of a dry run' }),
    /** Statements that lead to an exception each. */
    wanted: z.array(
      z.object({
        query: z.string(),
        status: VexStatus,
        justification: VexJustification.nullable(),
        reason: z.string(),
        comment: z.string(),
        checks: z.int().min(1),
        packageVersions: z.int().min(1).meta({ description: 'So many installed ones the statement is about' }),
      }),
    ),
    /** Statements that led to nothing, each with why. */
    skipped: z.array(z.object({ vulnerability: z.string(), why: z.string() })),
    /** What asked for the same before: nobody is asked again, whatever was decided. */
    unchanged: z.array(z.object({ exceptionId: ExceptionId, query: z.string(), state: ExceptionState })).default([]),
    /** Of an earlier version of the document, which this one takes back or says otherwise: they end. */
    replaced: z
      .array(
        z.object({
          exceptionId: ExceptionId,
          query: z.string(),
          state: ExceptionState.meta({ description: 'Until now' }),
          why: z.enum(['withdrawn', 'changed', 'widened']),
        }),
      )
      .default([]),
    /** Of those, what another document says, too: it stands again, as it was decided. */
    upheld: z
      .array(
        z.object({
          exceptionId: ExceptionId.meta({ description: 'Of the one that ends' }),
          query: z.string(),
          state: ExceptionState,
          document: z.string().nullable().meta({ description: 'Which says it; null where it has no name' }),
        }),
      )
      .default([]),
  }),
  errors: ['BAD_REQUEST', 'FORBIDDEN'],
});

/** On a detection: the exception under which it is. */
export const DetectionException = z.object({
  exceptionId: ExceptionId,
  status: VexStatus,
  reason: z.string(),
  expiresAt: Instant.nullable(),
});
export type DetectionException = z.infer<typeof DetectionException>;
