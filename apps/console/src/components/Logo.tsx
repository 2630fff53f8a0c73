/** The V with the light of a watchtower in it. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect className="logo-ground" width="32" height="32" rx="8" />
      <path className="logo-v" d="M7 9.5 16 25 25 9.5" />
      <circle className="logo-light" cx="16" cy="11" r="2.9" />
    </svg>
  );
}
