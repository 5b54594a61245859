import { CronExpressionParser } from 'cron-parser';

/** Why no scheduler could keep to it: a wrong line, a timezone that does not exist, a day that never comes. Undefined: it is good. */
export function checkCron(cron: string, timezone: string | undefined): string | undefined {
  // To the parser, nothing at all means each minute.
  if (cron.trim() === '') return 'the line is empty';
  try {
    // The library takes no notice of a timezone that it does not know until it computes a time.
    CronExpressionParser.parse(cron, timezone === undefined ? {} : { tz: timezone }).next();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
