import Box from '@cloudscape-design/components/box';
import type { PostureText } from '@vedette/protocol';
import { CopyLine } from '../ui/CopyLine.tsx';

/** What a posture check means, and how to fix what it finds. */
export function PostureAdvice({ posture, withTitle = true }: { posture: PostureText; withTitle?: boolean }) {
  const { title, rationale, fix } = posture;
  return (
    <section className="posture-advice" aria-label={`How to fix: ${title}`}>
      {withTitle ? <Box variant="h3">{title}</Box> : null}
      <p>{rationale}</p>
      <p>
        <strong>Fix:</strong> {fix.advice}
      </p>
      {fix.commands.map((command) => (
        <CopyLine key={command} label="the command" text={command} />
      ))}
    </section>
  );
}
