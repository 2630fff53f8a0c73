import { generate } from 'lean-qr';
import { useMemo } from 'react';

/** Light modules around a symbol (ISO/IEC 18004, 9.1). */
const quietZone = 4;

/** A text as a QR code, drawn here; dark on light in every colour mode, as cameras expect it. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { path, size } = useMemo(() => draw(text), [text]);
  return (
    <svg className="qr-code" role="img" aria-label={label} viewBox={`0 0 ${size} ${size}`} shapeRendering="crispEdges">
      <path d={`M0 0h${size}v${size}H0z`} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}

function draw(text: string): { path: string; size: number } {
  const code = generate(text);
  const places = Array.from({ length: code.size }, (_, at) => at);
  const modules = places.flatMap((y) =>
    places.flatMap((x) => (code.get(x, y) ? [`M${x + quietZone} ${y + quietZone}h1v1h-1z`] : [])),
  );
  return { path: modules.join(''), size: code.size + 2 * quietZone };
}
