// Drives a real browser through the main job: sign in, press Connect, consent at PagerDuty, come
// back to the page it started from, see numbers. Fails with words, leaves screenshots.

import { createRequire } from "node:module";
import { mkdirSync } from "node:fs";
import assert from "node:assert/strict";

const require = createRequire(new URL("../../../dashboard-api/web/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const { CHROMIUM, SIGN_IN_LINK, SCREENSHOTS } = process.env;
const SYNC_LIMIT_MS = 120_000;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

mkdirSync(SCREENSHOTS, { recursive: true });
const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: FLAGS });
const page = await browser.newPage({ viewport: { width: 1366, height: 900 } });
const complaints = [];
page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
page.on("pageerror", (error) => complaints.push(String(error)));
const foreign = [];
const home = new URL(SIGN_IN_LINK).origin;
const shot = (name) => page.screenshot({ path: `${SCREENSHOTS}/${name}.png`, fullPage: true });

try {
  await page.goto(SIGN_IN_LINK);
  await shot("sign-in");
  const confirm = page.getByRole("button", { name: /sign in|continue/i });
  if (await confirm.isVisible().catch(() => false)) await confirm.click();
  await page.waitForURL((url) => !url.pathname.startsWith("/sign-in"));

  await page.goto(`${home}/connections`);
  const connect = page.getByRole("button", { name: "Connect", exact: true });
  await connect.waitFor();
  await shot("connect");
  await connect.click();

  await page.locator("input[name=email]").fill("admin@acme.example");
  await page.locator("input[name=password]").fill("correct horse");
  await shot("pagerduty-sign-in");
  await page.locator("form button, form input[type=submit]").first().click();
  const allow = page.locator("button[name=decision][value=allow]");
  await allow.waitFor();
  await shot("consent");
  await allow.click();

  await page.waitForURL((url) => url.origin === home && url.pathname === "/connections");
  await page.getByRole("button", { name: "Reconnect" }).waitFor();
  await page.getByText(/^PagerDuty · acme · synced /).waitFor({ timeout: SYNC_LIMIT_MS });

  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(home) && !url.startsWith("data:")) foreign.push(url);
  });
  await overviewShowsTheApi();
  await usersShowRows();
  await page.goto(`${home}/connections`);
  await page.getByRole("button", { name: "Reconnect" }).waitFor();
  await shot("connections");
  assert.deepEqual(foreign, [], "requests left the origin");
  // 401 before the sign-in and 404 before the first generation are answers, not mistakes.
  const unexpected = complaints.filter((text) => !/status of 40[14] /.test(text));
  assert.deepEqual(unexpected, [], "the console complained");
} catch (error) {
  console.error(`at ${page.url()}`, complaints);
  await shot("failure").catch((reason) => console.error(`no screenshot: ${reason.message}`));
  throw error;
} finally {
  await browser.close();
}

async function api(path) {
  return page.evaluate(async (path) => {
    const answer = await fetch(`/api/v1${path}`);
    return { status: answer.status, body: await answer.json() };
  }, path);
}

async function overviewShowsTheApi() {
  const end = Date.now() + SYNC_LIMIT_MS;
  let overview = await api("/overview?window=90");
  while (overview.status === 404 && Date.now() < end) {
    await page.waitForTimeout(250);
    overview = await api("/overview?window=90");
  }
  assert.equal(overview.status, 200, "there is an overview");
  await page.goto(`${home}/?window=90`);
  const { seats, utilization_percent: utilization } = overview.body;
  await page.getByText(`${utilization}`, { exact: false }).first().waitFor();
  await page.getByText(String(seats.total), { exact: true }).first().waitFor();
  // Icons are hidden from assistive technology, charts are images.
  const drawn = page.locator("svg[role=img] path[d]");
  await drawn.first().waitFor({ state: "attached" });
  const paths = await drawn.evaluateAll((all) => all.map((path) => path.getAttribute("d")));
  const line = paths.find((d) => /^M[^L]+(L[^L]+){20}/.test(d));
  assert.ok(line, `a line of 26 weeks is drawn, not only ${JSON.stringify(paths)}`);
  await shot("overview");
}

async function usersShowRows() {
  const users = await api("/users?window=90&limit=50");
  await page.goto(`${home}/users?window=90`);
  await page.getByText(users.body.data[0].name).first().waitFor();
  await shot("users");
}
