import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

describe('readConfig', () => {
  it.each(['https://vedette.example', 'https://10.0.0.1:8443', 'http://127.0.0.1:8080', 'http://localhost:1', 'http://[::1]:1'])(
    'takes %s as a platform',
    (platform) => expect(readConfig({ platform }, {}).platform?.origin).toBe(platform),
  );

  it.each([
    'http://vedette.example',
    'http://10.0.0.1',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'ftp://127.0.0.1',
    'https://user:secret@vedette.example',
    'https://vedette.example/path',
    'https://vedette.example/?q',
    'vedette.example',
  ])('refuses %j as a platform', (platform) => {
    expect(() => readConfig({ platform }, {})).toThrow(expect.objectContaining({ code: 'CONFIG' }));
  });

  it('prefers an option to the environment', () => {
    const config = readConfig({ 'state-dir': '/a' }, { VEDETTE_STATE_DIR: '/b' });
    expect(config.stateDirectory).toBe('/a');
  });

  it('names every problem at once', () => {
    expect(() => readConfig({ platform: 'x', 'state-dir': 'relative', 'log-level': 'loud' }, {})).toThrow(
      /platform.*state directory.*log level/,
    );
  });

  it('does not print the activation key', () => {
    const config = readConfig({}, { VEDETTE_ACTIVATION_KEY: 'very-secret-key' });
    expect(JSON.stringify(config)).not.toContain('very-secret-key');
    expect(config.activationKey()).toBe('very-secret-key');
  });
});
