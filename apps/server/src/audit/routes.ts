import { AuditHead, listAuditEvents, verifyAuditLog } from '@vedette/protocol';
import type { FastifyInstance } from 'fastify';
import { plays } from '../config.ts';
import type { Context } from '../context.ts';
import { serve } from '../http/serve.ts';
import { IntentKeeper } from './intent-keeper.ts';
import { findAuditEvents, verifyAudit } from './store.ts';

export function registerAudit(app: FastifyInstance, context: Context): void {
  if (plays(context.config, 'jobs')) {
    const keeper = new IntentKeeper(context);
    app.addHook('onReady', () => keeper.start());
    app.addHook('onClose', () => keeper[Symbol.asyncDispose]());
  }

  serve(app, context, listAuditEvents, ({ query, caller }) =>
    findAuditEvents(context.db, { ...query, organizationId: caller.organizationId }),
  );

  serve(app, context, verifyAuditLog, ({ query: { head }, caller }) => {
    const [number, hash] = head?.split(':') ?? [];
    const kept = head === undefined ? null : AuditHead.parse({ number: Number(number), hash });
    return verifyAudit(context.db, caller.organizationId, kept);
  });
}
