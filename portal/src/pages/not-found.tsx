// An address that leads nowhere.
import { href } from '../router';
import { Page } from '../ui/basic';

export function NotFound() {
  return <Page title="Not found" narrow><p>There is no such page. <a href={href('/')}>Go to your orders</a>.</p></Page>;
}
