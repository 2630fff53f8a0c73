export class PackageError extends Error {
  override readonly name = 'PackageError';
  readonly code: 'USAGE' | 'TOOL' | 'RUNTIME';

  constructor(code: PackageError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
