import Link, { type LinkProps } from '@cloudscape-design/components/link';
import { useRouter } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** A link inside the console: a real address, followed without loading the page anew. */
export function AppLink({
  to,
  children,
  variant,
  ...rest
}: {
  to: string;
  children: ReactNode;
  variant?: LinkProps.Variant;
  ariaLabel?: string;
}) {
  const router = useRouter();
  return (
    <Link
      href={to}
      {...rest}
      {...(variant ? { variant } : {})}
      onFollow={(event) => {
        event.preventDefault();
        router.history.push(to);
      }}
    >
      {children}
    </Link>
  );
}
