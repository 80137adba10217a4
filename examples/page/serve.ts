// Serves the page and the package's files for browsers, with the two headers without which a browser gives no threads (this network would not
// take any: it is too small). Run it with: npm run page
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const types: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };
const here = fileURLToPath(new URL(".", import.meta.url));

/** The files of this folder as `/`, those of `dist` as `/dist/`; on any free port for port 0. */
export function serve(dist: string, port: number): Promise<Server> {
  const server = createServer(async ({ url = "/" }, response) => {
    const { pathname } = new URL(url, "http://localhost");
    const [, inDist, name = ""] = /^\/(dist\/)?([\w.-]+)$/.exec(pathname === "/" ? "/index.html" : pathname) ?? [];
    const type = types[extname(name)];
    const content = type && (await readFile(join(inDist ? dist : here, name)).catch(() => undefined));
    response.writeHead(content ? 200 : 404, {
      "Content-Type": `${type ?? "text/plain"}; charset=utf-8`,
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Embedder-Policy": "require-corp",
    });
    response.end(content ?? "not found");
  });
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

export const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const port = Number(process.env.PORT ?? 8080);
  try {
    const server = await serve(join(here, "../../dist"), port);
    console.log(`Open ${addressOf(server)} in a browser. Ctrl+C ends.`);
  } catch (error) {
    console.error(`Port ${port} cannot be had (${(error as Error).message}); another one: PORT=8081 npm run page`);
    process.exitCode = 1;
  }
}
