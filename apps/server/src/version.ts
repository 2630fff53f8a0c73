/** Version of the product, the same for platform, console and agent of one release. */
export const productVersion = '0.1.0';
