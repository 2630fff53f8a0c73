import { z } from 'zod';

/** Where bytes may come from: http or https, without credentials, query and fragment, ending in a slash. */
export const OriginUrl = z
  .string()
  .max(300)
  .regex(/^https?:\/\/[A-Za-z0-9.[\]:-]{1,253}\/(?:[A-Za-z0-9._~-]{1,64}\/){0,8}$/, 'not an http(s) address that ends in /');
export type OriginUrl = z.infer<typeof OriginUrl>;

/** Region of a platform: `americas`, `emea`, `apac`, or any that an administrator adds. */
export const RegionName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
export type RegionName = z.infer<typeof RegionName>;

export const Region = z.object({
  name: RegionName,
  title: z.string().min(1).max(100),
  /** Platform that serves this region's agents, for the page that tells which hosts to allow. */
  platform: OriginUrl.optional(),
  /** In order of preference. The platform itself is always asked last and need not be listed. */
  origins: z.array(OriginUrl).max(16),
});
export type Region = z.infer<typeof Region>;

/**
 * The target `content/platform/origins.json`: which origins agents of a region may ask, in order. Below each origin lie `tuf/` and
 * `targets/` as on the platform, and `/stub_status` on its host answers 200. An agent follows no redirect out of this list.
 */
export const Origins = z
  .object({
    format: z.literal('vedette-origins-1'),
    regions: z.array(Region).max(64),
    /** Region of agents that none was set for. */
    defaultRegion: RegionName,
  })
  .refine(({ regions }) => new Set(regions.map(({ name }) => name)).size === regions.length, 'a region is named twice')
  .refine(({ regions, defaultRegion }) => regions.some(({ name }) => name === defaultRegion), 'the default region is not listed');
export type Origins = z.infer<typeof Origins>;

/** The document as a file, at most. */
export const originsMaxBytes = 64 * 1024;
