/**
 * Where the program begins: commands, else the server. What the server needs is loaded in two steps, first what its threads take to
 * start, so that they load their own modules while the main thread loads the rest.
 */
import { ConfigError } from './config/config-error.js';
import { loadConfig, type LoadedConfig } from './config/load.js';

async function main(argv: readonly string[]): Promise<void> {
  const [command, ...rest] = argv;
  // Flags begin with a hyphen, so that a word is a command and never a mistyped flag.
  switch (command) {
    case 'translate': {
      const { translateCommand } = await import('./tools/translate.js');
      process.exitCode = await translateCommand(rest, process.env);
      return;
    }
    case 'inspect':
    case 'verify':
    case 'dump':
    case 'import': {
      const { dataCommand } = await import('./tools/data/commands.js');
      process.exitCode = await dataCommand(command, rest);
      return;
    }
    default:
      await serve(argv);
  }
}

async function serve(argv: readonly string[]): Promise<void> {
  const load = (): LoadedConfig => loadConfig(argv, process.env);
  const loaded = readConfiguration(load);
  if (loaded.printAndExit !== undefined) {
    process.stdout.write(loaded.printAndExit);
    return;
  }
  const [{ createLogger }, { layFoundation }] = await Promise.all([import('./telemetry/logger.js'), import('./server/foundation.js')]);
  const logger = createLogger(loaded.config.log);
  for (const warning of loaded.warnings) logger.warn(warning);
  const founding = layFoundation(loaded.config, logger);
  // The server awaits it after its sockets are open; a failure before that is no unhandled one.
  founding.catch(() => undefined);
  const { runServer } = await import('./server/run-server.js');
  await runServer(loaded, load, logger, founding);
}

function readConfiguration(load: () => LoadedConfig): LoadedConfig {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(`narthex cannot start:\n${error.message}`);
    process.exit(2);
  }
}

void main(process.argv.slice(2));
