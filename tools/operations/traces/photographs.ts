import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

/** Where they stand in the documentation; written only when asked for. */
const PICTURES = 'docs/traces';
const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const SHOWN_WITHIN_MS = 30_000;

/**
 * Opens the page that a link to a trace leads to and the graph of services in a browser, and takes pictures of them where TILLSTREAM_WRITE_PICTURES asks for it:
 * what stands on the page of the trace. Null, having said so, where there is no browser.
 */
export async function photographZipkin(address: string, link: string): Promise<string | null> {
  const executablePath = BROWSERS.find((path) => existsSync(path));
  if (executablePath === undefined) {
    process.stderr.write(`skipped: the pages of Zipkin: there is none of ${BROWSERS.join(', ')}\n`);
    return null;
  }
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 760 } });
    const take = async (name: string): Promise<void> => {
      if (!process.env['TILLSTREAM_WRITE_PICTURES']) return;
      mkdirSync(PICTURES, { recursive: true });
      await page.screenshot({ path: join(PICTURES, `${name}.png`) });
    };
    page.setDefaultTimeout(SHOWN_WITHIN_MS);
    await page.goto(link);
    await page.getByText('tillstream-gateway').first().waitFor();
    const shown = await page.locator('body').innerText();
    await take('zipkin-trace');
    await page.goto(`${address}/zipkin/dependency`);
    await page.getByRole('button', { name: 'Run query' }).click();
    await page.locator('canvas').first().waitFor();
    await page.waitForLoadState('networkidle');
    await take('zipkin-services');
    return shown;
  } finally {
    await browser.close();
  }
}
